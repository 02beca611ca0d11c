"""Run `python -m earmark` as `earmark`."""

from earmark.cli import main

main()
