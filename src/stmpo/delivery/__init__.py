"""From scratch to the destination: is a frame whole (`verify`), has it settled (`settle`), bring it over (`publish`).

`scratch` is where renderers write, `delivery_queue` brings several frames over at a time, `pressure` says when renderers must
wait for a slow destination, `space` and `destination` ask before the start whether there is room and a place.
"""
