"""`make_email_on_run_failure_sensor`: a mail for each run that fails."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

from rostrum.definitions.automations.run_status_sensors import RunFailureSensorContext, RunFailureSensorDefinition
from rostrum.definitions.automations.sensors import DefaultSensorStatus, SensorDefinition
from rostrum.definitions.sources import caller_source
from rostrum.model.errors import ArgumentError
from rostrum.model.runs import RunStatus

TIMEOUT_SECONDS = 30.0


def _default_failure_email_body(context: RunFailureSensorContext) -> str:
    """What is written where the user gives no function: the run, its error, and where to look."""
    run = context.dagster_run
    error = getattr(run, "error", None)
    told = error.first_line if error is not None else getattr(context.failure_event, "message", "")
    return f"<p>Run {run.run_id} of job {_job_name(run)} failed.</p><pre>{_escaped(told or '')}</pre>"


def _default_failure_email_subject(context: RunFailureSensorContext) -> str:
    """What the subject is where the user gives no function."""
    return f"Rostrum run failed: {_job_name(context.dagster_run)}"


def make_email_on_run_failure_sensor(
    email_from: str,
    email_password: str,
    email_to: Sequence[str],
    email_body_fn: Callable[[RunFailureSensorContext], str] = _default_failure_email_body,
    email_subject_fn: Callable[[RunFailureSensorContext], str] = _default_failure_email_subject,
    smtp_host: str = "smtp.gmail.com",
    smtp_type: str = "SSL",
    smtp_port: int | None = None,
    smtp_user: str | None = None,
    name: str | None = None,
    webserver_base_url: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    job_selection: Sequence[Any] | None = None,
    monitor_all_code_locations: bool = False,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    monitor_all_repositories: bool = False,
) -> SensorDefinition:
    """A sensor that sends a mail for each failed run, by SMTP over TLS (`smtp_type="SSL"`) or STARTTLS
    (`smtp_type="STARTTLS"`). The body is HTML; with `webserver_base_url` a link to the run is added.
    """
    if smtp_type not in ("SSL", "STARTTLS"):
        raise ArgumentError(f"make_email_on_run_failure_sensor: smtp_type is 'SSL' or 'STARTTLS', not {smtp_type!r}.")

    def email_on_run_failure(context: RunFailureSensorContext) -> None:
        """Send a mail."""
        body = email_body_fn(context)
        if webserver_base_url:
            link = f"{webserver_base_url.rstrip('/')}/runs/{context.dagster_run.run_id}"
            body += f'<p><a href="{link}">View in Rostrum</a></p>'
        message = EmailMessage()
        message["From"], message["To"] = email_from, ", ".join(email_to)
        message["Subject"] = " ".join(email_subject_fn(context).split())
        message.set_content(body, subtype="html")
        send(message, smtp_host, smtp_port, smtp_type, smtp_user or email_from, email_password)

    return RunFailureSensorDefinition(
        name or "email_on_run_failure",
        RunStatus.FAILURE,
        email_on_run_failure,
        monitored_jobs=monitored_jobs if monitored_jobs is not None else job_selection,
        monitor_all_code_locations=monitor_all_code_locations or monitor_all_repositories,
        default_status=default_status,
        source=caller_source(),
    )


def send(message: EmailMessage, host: str, port: int | None, kind: str, user: str, password: str) -> None:
    """Send a mail over an encrypted connection. Raises what the connection raises."""
    context = ssl.create_default_context()
    if kind == "SSL":
        with smtplib.SMTP_SSL(host, port or smtplib.SMTP_SSL_PORT, context=context, timeout=TIMEOUT_SECONDS) as server:
            server.login(user, password)
            server.send_message(message)
        return
    with smtplib.SMTP(host, port or 587, timeout=TIMEOUT_SECONDS) as server:
        server.starttls(context=context)
        server.login(user, password)
        server.send_message(message)


def _job_name(run: Any) -> str:
    own = getattr(run, "job_name", None)
    return own if own is not None else run.target.job


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
