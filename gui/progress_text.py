"""The words for a job's progress: how far, how fast, how long still."""

from __future__ import annotations

from engine.jobs import JobStatus

BRIEF = 1.0
"""Seconds; a job that is over sooner is not worth a word."""


def is_long(job: JobStatus) -> bool:
    """Whether a job takes longer than a second, as far as can be told by now."""
    return job.seconds + (job.seconds_left or 0.0) > BRIEF


def percent(job: JobStatus) -> int:
    """How much is done, rounded down so that 100 means all; 0 while the total is not known."""
    return min(100, 100 * job.done // job.total) if job.total > 0 else 0


def progress_text(job: JobStatus, others: int = 0) -> str:
    """ "Occlusion 62 %, 3 s left, 40/s, +2 more"."""
    parts = [f"{job.title} {percent(job)} %" if job.total > 0 else job.title]
    if job.seconds_left is not None and job.total > 0:
        parts.append(f"{duration(job.seconds_left)} left")
    if job.rate > 0:
        parts.append(f"{rate(job.rate)}/s")
    if others:
        parts.append(f"+{others} more")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """ "3 s", "4 min 10 s", "2 h 5 min"; never less than a second."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def rate(per_second: float) -> str:
    """Two or three digits: "0.4", "4.2", "40", "1 200"."""
    if per_second < 9.95:
        return f"{per_second:.1f}"
    return f"{per_second:,.0f}".replace(",", "\u202f")
