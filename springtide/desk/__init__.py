"""The console: Django templates, htmx and ECharts over one home. Views find, call and answer; nothing is decided here."""
