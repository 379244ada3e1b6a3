"""`python -m tracekit` is the command line."""

from tracekit.cli import main

if __name__ == "__main__":
    main()
