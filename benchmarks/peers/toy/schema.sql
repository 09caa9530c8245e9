-- The toy: a form, who sent it, where they stand, and an alert when it looks bad. No clinics, no
-- row-level security, no audit, no versions, no decisions kept.
CREATE TABLE patients (
    id uuid PRIMARY KEY,
    name text NOT NULL
);
CREATE TABLE patient_state (
    patient_id uuid PRIMARY KEY REFERENCES patients,
    forms integer NOT NULL DEFAULT 0,
    last_total smallint,
    last_at timestamptz
);
CREATE TABLE check_ins (
    patient_id uuid NOT NULL REFERENCES patients,
    id uuid NOT NULL,
    instrument text NOT NULL,
    recorded_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    answers jsonb NOT NULL,
    total smallint NOT NULL,
    item9 smallint NOT NULL,
    PRIMARY KEY (patient_id, id)
);
CREATE INDEX check_ins_by_time ON check_ins (patient_id, recorded_at);
CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id uuid NOT NULL REFERENCES patients,
    check_in_id uuid NOT NULL,
    reason text NOT NULL,
    raised_at timestamptz NOT NULL DEFAULT now()
);

CREATE FUNCTION fill(ids uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO patients SELECT id, 'Simulated' FROM unnest(ids) AS id;
    INSERT INTO patient_state (patient_id) SELECT id FROM unnest(ids) AS id;
    INSERT INTO check_ins
    SELECT id, gen_random_uuid(), 'phq9-daily', now() - day * interval '1 day', now(),
        '{"q1": 1, "q2": 1, "q3": 1, "q4": 1, "q5": 1, "q6": 1, "q7": 0, "q8": 0, "q9": 0}', 6, 0
    FROM unnest(ids) AS id, generate_series(1, 365) AS day;
$$;
