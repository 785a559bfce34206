"""The run itself: time, scheduled events, commands, the object store, and how a project is loaded."""
