"""Printed forms: what stands in their boxes, and how they become pages, Word documents and spreadsheets."""
