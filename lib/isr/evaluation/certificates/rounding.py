"""How far rounding may carry computed values from exact ones.

Two ways. `rounding_scale` follows a network's own recursion with magnitudes in the place of values.
`shrunk` serves where such a bound would be useless, as for a long flow: what rounding has caused in
single precision shrinks with the precision, and what is wrong does not.
"""

from functools import singledispatch

import numpy as np
import torch
from torch import Tensor, nn

from isr.coordinates import Points
from isr.networks.input_convex import InputConvexNetwork, PartiallyConvexNetwork
from isr.networks.layers import MLP

EPS = float(np.finfo(np.float64).eps)
# Worst error that rounding may cause, in units of the scale returned by `rounding_scale`.
ROUNDING = 8 * EPS
# An error in double precision may be so many times what one in single precision, shrunk by the
# ratio of the precisions, makes expect: both are random. Anything that does not come from rounding
# would have to shrink by 8e6 to pass.
CHANCE = 64
# What is not so to a millionth is not so, however large the numbers on the way.
WORST = 1e-6
_RATIO = EPS / float(np.finfo(np.float32).eps)


def tolerance(scale: float) -> float:
    """What rounding explains where values are added up from magnitudes of sum `scale`.

    Overflow excuses nothing: it is 0 where the scale is not finite.
    """
    return ROUNDING * scale if np.isfinite(scale) else 0.0


def shrunk(single: float, double: float, magnitude: float, *, extent: float) -> float:
    """What rounding explains of an error `double`, seen as `single` in single precision.

    Args:
        single: the largest error of the computation done in single precision.
        double: the same in double precision; it only says whether there is any.
        magnitude: of the values; a few of their roundings are allowed in any case.
        extent: of what the error is seen in, such as the size of the scene.
    """
    floor = ROUNDING * magnitude if np.isfinite(magnitude) else 0.0
    if np.isfinite(single) and np.isfinite(double):
        floor = max(floor, CHANCE * single * _RATIO)
    return bounded(floor, extent)


def bounded(explained: float, extent: float) -> float:
    """What rounding is said to explain, but no more than a millionth of an extent.

    Where numbers are so large that rounding takes more, nothing is proved; overflow excuses
    nothing.
    """
    return min(explained, WORST * extent) if np.isfinite(extent) else 0.0


def rounding_scale(network: nn.Module, bound: Points) -> float:
    """Largest sum of magnitudes that a value of `network` is added up from.

    The network's own recursion with all weights and inputs replaced by their magnitudes. It bounds
    every value and, times the unit roundoff, the order of the rounding error, which values alone do
    not where large terms cancel; relative errors of the inputs are carried along. At least 1;
    infinite or NaN when a parameter is.

    Args:
        network: see `magnitudes`.
        bound: (inputs,) largest magnitude of each input.
    """
    with torch.no_grad():
        largest = float(magnitudes(network, torch.from_numpy(np.asarray(bound, float))).max())
    return float(np.maximum(1.0, largest))


@singledispatch
def magnitudes(network: nn.Module, bound: Tensor) -> Tensor:
    """Sums of magnitudes (outputs,) of a network whose inputs have magnitudes up to `bound`.

    Raises:
        TypeError: the network's recursion is not known.
    """
    raise TypeError(f"no rounding error is known for {type(network).__name__}")


@magnitudes.register
def _(network: nn.Linear, bound: Tensor) -> Tensor:
    total = network.weight.double().abs() @ bound
    return total if network.bias is None else total + network.bias.double().abs()


@magnitudes.register
def _(network: MLP, bound: Tensor) -> Tensor:
    for layer in network.layers:
        bound = magnitudes(layer, bound)
    return bound


@magnitudes.register
def _(network: InputConvexNetwork, bound: Tensor) -> Tensor:
    z = magnitudes(network.first, bound)
    for z_layer, x_layer in zip(network.hidden_z, network.hidden_x, strict=True):
        z = magnitudes(z_layer, z) + magnitudes(x_layer, bound)
    return magnitudes(network.output_z, z) + magnitudes(network.output_x, bound)


@magnitudes.register
def _(network: PartiallyConvexNetwork, bound: Tensor) -> Tensor:
    """Inputs are the context and then the convex coordinates."""
    m, width, narrow = network.convex_dim, network.width, network.narrow
    y = bound[-m:]
    u = bound[:-m]
    slope, shift, u = torch.split(magnitudes(network.first_u, u), [m, width, narrow])
    z = magnitudes(network.first_y, y * slope) + shift
    hidden = zip(network.hidden_u, network.hidden_z, network.hidden_y, strict=True)
    for u_layer, z_layer, y_layer in hidden:
        slope, shift, gate, u = torch.split(magnitudes(u_layer, u), [m, width, width, narrow])
        z = magnitudes(z_layer, z * gate) + magnitudes(y_layer, y * slope) + shift
    sizes = [m, int(network.offset), width]
    slope, shift, gate = torch.split(magnitudes(network.output_u, u), sizes)
    value = magnitudes(network.output_z, z * gate) + magnitudes(network.output_y, y * slope)
    return value + shift if network.offset else value


def largest(values: Points) -> float:
    """The largest magnitude; infinite when a value is not finite."""
    if not np.isfinite(values).all():
        return np.inf
    return float(np.abs(values).max()) if values.size else 0.0
