"""Everything readable out of an Intercom workspace, as a Singer tap."""
