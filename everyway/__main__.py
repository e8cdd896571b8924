"""Makes ``python -m everyway`` the same as the program ``everyway``."""

from everyway.cli import main

main()
