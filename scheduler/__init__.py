"""The scheduler process: it only rings the bell. What is due is decided by `parkops.jobs.schedule` from the table of runs."""
