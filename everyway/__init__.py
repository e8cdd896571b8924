"""everyway."""
