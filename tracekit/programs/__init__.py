"""Someone else's program, unmodified: a script or a notebook, redirected and watched."""
