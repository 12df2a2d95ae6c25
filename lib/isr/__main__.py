"""The command `isr`, as `python -m isr`."""

from isr.app.command import main

if __name__ == "__main__":
    main()
