"""The one who enters the stories: step by step when their domain time has come, through outages and restarts.

Owns how far each story is, kept in a file, and what a refusal means for it. A key that never changes makes a step that
was sent twice one step; where the clock or a visitor got in between, the story is left to them.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from bancheng.kernel.dues import shift_workdays
from bancheng.runtime.demo.api import Api, NotNow, RefusedByService
from bancheng.runtime.demo.folder import FolderRefused
from bancheng.runtime.demo.foundation import Foundation
from bancheng.runtime.demo.places import ACCOUNTS, Account
from bancheng.runtime.demo.stories import panan, xiaoshan
from bancheng.runtime.demo.stories.story import Story
from bancheng.runtime.demo.telling import say
from bancheng.runtime.demo.timekeeping import business_later
from bancheng.runtime.domain_clock import DomainClock
from bancheng.runtime.whole_files import write_whole

STORIES: Final = (*xiaoshan.STORIES, *panan.STORIES)
LOOK_SECONDS: Final = 0.2
PATIENCE_HOURS: Final = 24.0
"""How long a step waits for its case to arrive before the story is left as it is."""
PAGE: Final = 200
MOST_PAGES: Final = 10
_NOT_HERE_YET: Final = frozenset({"api.not_found", "case.not_holder", "case.in_transit"})


class Progress(msgspec.Struct, kw_only=True):
    """How far a story is: `done` steps, the last of them at `at`. `left` is the code for which it was left."""

    case_id: str
    registered_at: datetime
    at: datetime
    done: int = 0
    left: str = ""


class Teller(threading.Thread):
    """Enters every story's next step when it is due."""

    def __init__(self, api: Api, clock: DomainClock, foundation: Foundation, path: Path) -> None:
        super().__init__(name="stories", daemon=True)
        self._api = api
        self._clock = clock
        self._begins_at = foundation.begins_at
        self._calendar = foundation.calendar
        self._path = path
        self._progress = _read(path)
        self._accounts = {(each.tenant, each.login): each for each in ACCOUNTS}
        self._ended = threading.Event()

    def end(self) -> None:
        """The step under way is the last."""
        self._ended.set()

    def run(self) -> None:
        """Until `end`, or until there is nothing left to enter."""
        going = [story for story in STORIES if not self._is_over(story)]
        while going and not self._ended.is_set():
            for story in going:
                if self._ended.is_set():
                    return
                self._tell(story)
            going = [story for story in going if not self._is_over(story)]
            self._ended.wait(LOOK_SECONDS)

    def _is_over(self, story: Story) -> bool:
        known = self._progress.get(story.key)
        return known is not None and (bool(known.left) or known.done >= len(story.steps))

    def _tell(self, story: Story) -> None:
        """The next step, if it is due; when the service cannot now, it is tried again at the next look."""
        known = self._progress.get(story.key)
        now = self._clock.now()
        try:
            if known is None:
                if now >= business_later(self._calendar, self._begins_at, story.after_hours):
                    self._register(story, now)
            elif now >= self._due_at(story, known):
                self._step(story, known, now)
        except NotNow:
            return

    def _due_at(self, story: Story, known: Progress) -> datetime:
        return business_later(self._calendar, known.at, story.steps[known.done].after_hours)

    def _register(self, story: Story, now: datetime) -> None:
        account = self._accounts[story.tenant, story.login]
        case_id = self._in_the_ledger(account, story)
        if not case_id:
            key = f"story/{story.key}"
            try:
                case_id = str(self._api.post(account, "/cases", story.registration, key=key)["case_id"])
            except RefusedByService as refused:
                self._keep(story, Progress(case_id="", registered_at=now, at=now, left=refused.code))
                say(f"故事没有登记成 · a story was not registered: {story.title} ({refused.code})")
                return
        self._keep(story, Progress(case_id=case_id, registered_at=now, at=now))

    def _in_the_ledger(self, account: Account, story: Story) -> str:
        """A case of this story that is there already: the services forget keys after some days, the ledger nothing."""
        after = ""
        for _ in range(MOST_PAGES):
            page = self._api.get(account, f"/cases?registered_unit={account.unit}&limit={PAGE}&after={after}")
            for case in page["cases"]:
                if case["title"] == story.title:
                    return str(case["case_id"])
            after = page["next"] or ""
            if not after:
                break
        return ""

    def _step(self, story: Story, known: Progress, now: datetime) -> None:
        step = story.steps[known.done]
        account = self._accounts[story.tenant, step.login]
        body: dict[str, object] = dict(step.body)
        if step.until_workdays:
            day = self._calendar.local_day(known.registered_at)
            body["until"] = shift_workdays(self._calendar, day, step.until_workdays).isoformat()
        key = f"story/{story.key}/{known.done}"
        try:
            self._api.post(account, f"/cases/{known.case_id}/{step.command}", body, key=key)
        except RefusedByService as refused:
            due_at = self._due_at(story, known)
            if refused.code in _NOT_HERE_YET and now < business_later(self._calendar, due_at, PATIENCE_HOURS):
                return
            known.left = refused.code
            self._keep(story, known)
            say(f"故事到此为止 · a story goes no further: {story.title} ({step.command}: {refused.code})")
            return
        known.done += 1
        known.at = now
        self._keep(story, known)

    def _keep(self, story: Story, progress: Progress) -> None:
        self._progress[story.key] = progress
        write_whole(self._path, msgspec.json.format(msgspec.json.encode(self._progress), indent=1))


def _read(path: Path) -> dict[str, Progress]:
    try:
        found: Mapping[str, Progress] = msgspec.json.decode(path.read_bytes(), type=dict[str, Progress])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        detail = f"{path.name} 读不出来，请用 --reset 重新开始 · cannot be read; begin anew with --reset"
        raise FolderRefused("demo.stories_unreadable", detail) from error
    return dict(found)
