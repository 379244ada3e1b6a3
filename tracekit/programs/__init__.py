"""Run an unmodified script or notebook, with its connections redirected and its memory watched."""
