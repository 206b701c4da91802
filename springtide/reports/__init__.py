"""Reports: what leaves the house as HTML or Excel, each from one pinned snapshot."""
