-- In a transaction of its own: it reads every run, and holds no lock meanwhile that keeps runs from being written.
alter table runs validate constraint runs_ended_as_stated;
