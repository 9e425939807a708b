"""Schedules, sensors, automation conditions and freshness."""
