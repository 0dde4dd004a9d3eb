"""The parts GroupCoordinator is put together from; import the class from `group_coordinator`."""
