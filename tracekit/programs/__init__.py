"""Run an unmodified program, a script or a notebook, redirected and watched."""
