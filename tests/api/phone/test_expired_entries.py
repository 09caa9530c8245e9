"""What came with an expired token counts in the trends once the same phone has refreshed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld


def test_an_entry_with_an_expired_token_counts_after_the_refresh(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    client.post("/v1/check-ins", json=phq9(), headers=pat.headers_at(yesterday))
    trend = client.get("/v1/me/trend", headers=pat.headers).json
    assert trend is not None
    assert trend["series"] == []
    before = trend["data_cut"]["revision"]
    token = pat.tokens(yesterday)["refresh_token"]
    refreshed = client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {token}"})
    assert refreshed.json is not None
    headers = {"Authorization": f"Bearer {refreshed.json['access_token']}"}
    trend = client.get("/v1/me/trend", headers=headers).json
    assert trend is not None
    assert [day["value"] for day in trend["series"]] == [8]
    old = client.get(f"/v1/me/trend?cut={before}", headers=headers).json
    assert old is not None
    assert old["series"] == [], "an earlier cut stays as it was"
    (status,) = rows(pat, "SELECT baseline FROM patient_status")
    assert status["baseline"] == 8
