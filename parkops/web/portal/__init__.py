"""The tenant portal: the frame of firms' own pages, their log-in and their account."""
