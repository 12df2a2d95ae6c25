"""What is proved of stored representations: `certify`, and what it returns."""

from isr.evaluation.certificates.verdicts import Certificate, all_hold, certify, in_words

__all__ = ["Certificate", "all_hold", "certify", "in_words"]
