"""The kernel's own screens, one file per concern; each holds RESOURCES and PAGES lists."""
