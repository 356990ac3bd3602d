"""What holds for every request; `archwright test` proves the rest."""

from fastapi.testclient import TestClient


def test_the_server_is_ready(client: TestClient) -> None:
    assert client.get("/readyz").status_code == 200


def test_a_reply_has_the_id_of_its_request(client: TestClient) -> None:
    reply = client.get("/healthz", headers={"X-Request-Id": "abc"})
    assert reply.headers["x-request-id"] == "abc"


def test_an_unknown_path_is_a_problem(client: TestClient) -> None:
    reply = client.get("/nothing")
    assert (reply.status_code, reply.json()["code"]) == (404, "not-found")
    assert reply.headers["content-type"] == "application/problem+json"


def test_a_made_up_token_is_refused(client: TestClient) -> None:
    reply = client.get("{{ me_path }}", headers={"Authorization": "{{ scheme }} no.such.token"})
    assert (reply.status_code, reply.json()["code"]) == (401, "unauthorized")
