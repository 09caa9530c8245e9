-- The same job: the tables that an entry of ours touches, with our columns, checks, keys and indexes,
-- and no row-level security. Alerts, patients and sessions have only what the job needs of them.
CREATE TABLE patients (
    clinic_id uuid NOT NULL,
    id uuid NOT NULL,
    timezone text NOT NULL,
    status text NOT NULL DEFAULT 'active',
    PRIMARY KEY (clinic_id, id)
);
CREATE TABLE patient_status (
    clinic_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    revision integer NOT NULL DEFAULT 0,
    last_check_in_at timestamptz,
    last_item9_on date,
    item9_positive_at timestamptz,
    last_item9 integer,
    baseline double precision,
    daily_m7 double precision,
    daily_slope double precision,
    daily_figures_at timestamptz,
    last_session_id uuid,
    last_session_at timestamptz,
    PRIMARY KEY (clinic_id, patient_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE TABLE check_ins (
    clinic_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    id uuid NOT NULL,
    root_id uuid NOT NULL,
    version smallint NOT NULL,
    superseded boolean NOT NULL DEFAULT false,
    instrument text NOT NULL,
    instrument_version text NOT NULL,
    mood_day date NOT NULL,
    recorded_at timestamptz NOT NULL,
    answered_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    timezone text,
    zone text NOT NULL,
    utc_offset_s integer,
    total smallint CHECK (total BETWEEN 0 AND 80),
    complete boolean NOT NULL,
    answered smallint NOT NULL,
    q9 smallint CHECK (q9 BETWEEN 0 AND 3),
    q9_highest smallint CHECK (q9_highest BETWEEN 0 AND 3),
    flags text[] NOT NULL,
    counts_in_trend boolean NOT NULL DEFAULT true,
    revision integer NOT NULL,
    PRIMARY KEY (clinic_id, patient_id, id),
    CHECK (version >= 1 AND answered >= 0),
    CHECK (total IS NULL OR complete),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE UNIQUE INDEX ON check_ins (clinic_id, patient_id, root_id, version);
CREATE INDEX ON check_ins (clinic_id, patient_id, instrument, mood_day)
    INCLUDE (total, q9_highest, superseded, counts_in_trend);
CREATE INDEX ON check_ins (clinic_id, patient_id, recorded_at, id);
CREATE INDEX ON check_ins USING brin (received_at);
CREATE TABLE check_in_contents (
    clinic_id uuid NOT NULL,
    patient_id uuid NOT NULL,
    check_in_id uuid NOT NULL,
    answers jsonb NOT NULL,
    note bytea,
    PRIMARY KEY (clinic_id, patient_id, check_in_id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE TABLE decisions (
    clinic_id uuid NOT NULL,
    id uuid NOT NULL,
    patient_id uuid NOT NULL,
    entry_id uuid NOT NULL,
    rule_version text NOT NULL,
    tier text CHECK (tier IN ('critical', 'high', 'medium', 'low')),
    decided jsonb NOT NULL,
    decided_at timestamptz NOT NULL,
    revision integer NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE INDEX ON decisions (clinic_id, patient_id, entry_id);
CREATE INDEX ON decisions USING brin (decided_at);
CREATE TABLE record_ids (
    clinic_id uuid NOT NULL,
    id uuid NOT NULL UNIQUE,
    patient_id uuid,
    kind text NOT NULL,
    content_digest bytea NOT NULL,
    first_answer bytea,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (clinic_id, id),
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE INDEX ON record_ids (clinic_id, patient_id);
CREATE INDEX ON record_ids USING brin (received_at);
CREATE TABLE alerts (
    clinic_id uuid NOT NULL,
    id uuid PRIMARY KEY,
    patient_id uuid NOT NULL,
    family text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL DEFAULT 'open',
    triggered_at timestamptz NOT NULL,
    occurrence_count integer NOT NULL DEFAULT 1,
    FOREIGN KEY (clinic_id, patient_id) REFERENCES patients
);
CREATE UNIQUE INDEX ON alerts (clinic_id, patient_id, family) WHERE status = 'open';

CREATE FUNCTION fill(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO patients (clinic_id, id, timezone)
    SELECT '00000000-0000-7000-8000-000000000001', id, 'Europe/Paris' FROM unnest(ids) AS id;
    INSERT INTO patient_status (clinic_id, patient_id, revision, last_session_id, last_session_at)
    SELECT clinic_id, id, 400, gen_random_uuid(), now() - interval '2 days' FROM patients;
    INSERT INTO check_ins (clinic_id, patient_id, id, root_id, version, instrument,
        instrument_version, mood_day, recorded_at, answered_at, received_at, zone, total, complete,
        answered, q9, q9_highest, flags, revision)
    SELECT clinic_id, patient_id, form, form, 1, 'phq9-daily', '1.0.0', at::date, at, at, at,
        'Europe/Paris', 6, true, 9, 0, 0, '{}', 1
    FROM (
        SELECT clinic_id, id AS patient_id, gen_random_uuid() AS form,
            now() - day * interval '1 day' AS at
        FROM patients, generate_series(1, 365) AS day
    ) AS made;
$$;
