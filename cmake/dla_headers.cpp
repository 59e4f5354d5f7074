// Only carries the precompiled headers of the rooms, see dla_headers.cmake.
