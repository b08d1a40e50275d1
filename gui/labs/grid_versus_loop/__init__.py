"""The page of the lab of grid and loop."""

from gui.labs.grid_versus_loop.page import GridVersusLoopPage

__all__ = ["GridVersusLoopPage"]
