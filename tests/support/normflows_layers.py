"""The flow of `isr.networks.real_nvp` as layers of normflows, to compare with."""

import torch
from normflows.flows import AffineConstFlow, MaskedAffineFlow
from normflows.nets import MLP
from torch import Tensor, nn

from isr.networks.real_nvp import RealNVP


def layers(flow: RealNVP) -> list[nn.Module]:
    """A coupling and an ActNorm for each block, with copies of the flow's parameters."""
    made: list[nn.Module] = []
    for block, mask in enumerate(flow.passing):
        scale, shift = (_network(flow, 2 * block + which) for which in (0, 1))
        norm = AffineConstFlow(len(mask)).to(mask.dtype)
        with torch.no_grad():
            norm.s.copy_(flow.log_scale[block])
            norm.t.copy_(flow.shift[block])
        made += [MaskedAffineFlow(mask.clone(), shift, scale).to(mask.dtype), norm]
    return made


def _network(flow: RealNVP, number: int) -> nn.Module:
    _, hidden, dim = flow.first.weight.shape
    network = MLP([dim, hidden, dim], output_fn="tanh").to(flow.first.weight)
    with torch.no_grad():
        for layer, ours in ((network.net[0], flow.first), (network.net[2], flow.last)):
            layer.weight.copy_(ours.weight[number])
            layer.bias.copy_(ours.bias[number])
    return network


def image(made: list[nn.Module], z: Tensor) -> Tensor:
    """What layers make of points (n, dim)."""
    for layer in made:
        z, _ = layer(z)
    return z


def gathered(made: list[nn.Module], values: dict[nn.Parameter, Tensor]) -> dict[str, Tensor]:
    """Values of the layers' parameters, by the names and in the shapes of the flow's own."""
    couplings, norms = made[::2], made[1::2]
    found = {"log_scale": torch.cat([values[norm.s] for norm in norms])}
    found["shift"] = torch.cat([values[norm.t] for norm in norms])
    networks = [network for pair in couplings for network in (pair.s, pair.t)]
    for name, number in (("first", 0), ("last", 2)):
        for kind in ("weight", "bias"):
            own = [values[getattr(network.net[number], kind)] for network in networks]
            found[f"{name}.{kind}"] = torch.stack(own)
    return found
