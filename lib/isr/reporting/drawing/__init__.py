"""Drawing: from arrays, views and representations to figures and animations."""
