import hashlib

from isr.fitting.digests import files_digest


def test_content_and_order_are_seen_and_missing_files_are_empty(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert files_digest([one, other]) == hashlib.sha256(b"12").hexdigest()
    assert files_digest([other, one]) != files_digest([one, other])
    assert files_digest([one, tmp_path / "none", other]) == files_digest([one, other])
