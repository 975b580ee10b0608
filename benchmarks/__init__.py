"""Measurements, each written for machines under ``var/bench/``."""
