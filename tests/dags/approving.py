"""Answer what tasks ask of people, as a person does: through the API server of Airflow, while the DAG runs."""

from __future__ import annotations

import importlib.util
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ASKS = importlib.util.find_spec("airflow.models.hitl") is not None
"""Whether this Airflow can ask people, as it does since 3.1."""

_EVERYTHING = "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false"
_ANSWER = "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails"


_PATIENCE = 120.0
"""Seconds after which nobody answers any more."""


@contextmanager
def answering(choice: str) -> Iterator[list[dict[str, Any]]]:
    """Answer every question with a choice, and give out the questions; nothing where Airflow asks none."""
    questions: list[dict[str, Any]] = []
    if not ASKS:
        yield questions
        return
    from airflow.api_fastapi.app import create_app
    from starlette.testclient import TestClient

    over = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
        with TestClient(create_app(apps="core")) as server:
            person = threading.Thread(target=_answer, args=(server, choice, questions, over), name="person")
            person.start()
            try:
                yield questions
            finally:
                over.set()
                person.join()


def _answer(server: Any, choice: str, questions: list[dict[str, Any]], over: threading.Event) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not over.wait(0.2):
        if time.monotonic() > deadline:
            _give_up()
            return
        listed = server.get(_EVERYTHING)
        # the run writes into the same small database: what is locked now is asked for once more
        for asked in listed.json()["hitl_details"] if listed.status_code == 200 else []:
            task = asked["task_instance"]
            # before 3.3 waiting for people is being deferred
            if task["state"] in ("awaiting_input", "deferred"):
                answer = server.patch(_ANSWER.format(**task), json={"chosen_options": [choice], "params_input": {}})
                questions.extend([asked] if answer.status_code == 200 else [])


def _give_up() -> None:
    """Let tasks fail that wait: they would wait for an answer for ever."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        waiting = session.query(TaskInstance).filter(TaskInstance.state.in_(("awaiting_input", "deferred")))
        waiting.update({TaskInstance.state: "failed"}, synchronize_session=False)
