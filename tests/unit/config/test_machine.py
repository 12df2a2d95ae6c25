import pytest

from isr.config.machine import has_gpu


@pytest.mark.parametrize(
    ("file", "expected"),
    [("nvidia0", True), ("nvidia12", True), ("kfd", True), ("dxg", True), ("nvidiactl", False)],
)
def test_a_gpu_is_seen_by_its_device_file(tmp_path, monkeypatch, file, expected):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert not has_gpu(tmp_path)
    (tmp_path / file).touch()
    assert has_gpu(tmp_path) == expected


@pytest.mark.parametrize(("visible", "expected"), [("", False), ("-1", False), ("1", True)])
def test_a_gpu_that_is_hidden_is_not_seen(tmp_path, monkeypatch, visible, expected):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert has_gpu(tmp_path) == expected
