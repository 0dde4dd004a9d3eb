"""Property tests have pytest's deadline only: hypothesis's own fails on a busy machine."""

from hypothesis import settings

settings.register_profile("unit", deadline=None)
settings.load_profile("unit")
