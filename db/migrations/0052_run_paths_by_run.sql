-- Paths are found along their own primary key, which begins with the run's id and so with the time of its start. What is old and still
-- there belongs to the few runs that are still open or ended late. So the end of a run is written to no index.
drop index runs_with_path;
