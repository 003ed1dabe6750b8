-- Two publications of one workflow task have histories of one length: then the later one counts, too.
alter table projects add column publication_no integer not null default 0 check (publication_no >= 0);
