"""One-stop service hall: items, cases, queue, ratings, cross-district service, wallet, projects, policy, desks, contests, repairs."""
