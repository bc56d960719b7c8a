"""What every connection shares: the use cases behind the messages, and the rules they are held to."""

from collections.abc import Callable
from dataclasses import dataclass

from services.dispatcher.api.robot_socket.measures import Measures
from services.dispatcher.domain.matching import CandidateIndex
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.use_cases.accept_job import AcceptJob
from services.dispatcher.use_cases.add_job_logs import AddJobLogs
from services.dispatcher.use_cases.complete_job import CompleteJob
from services.dispatcher.use_cases.confirm_stop import ConfirmStop
from services.dispatcher.use_cases.connect_robot import ConnectRobot
from services.dispatcher.use_cases.fail_job import FailJob
from services.dispatcher.use_cases.get_robot import GetRobot
from services.dispatcher.use_cases.record_heartbeat import RecordHeartbeat
from services.dispatcher.use_cases.register_robot import RegisterRobot
from services.dispatcher.use_cases.release_job import ReleaseJob
from services.dispatcher.use_cases.report_progress import ReportProgress
from services.dispatcher.use_cases.take_jobs import TakeJobs
from services.dispatcher.use_cases.withdraw_job import WithdrawJob
from shared.kernel.ids import NewId


@dataclass(frozen=True, slots=True)
class SocketUseCases:
    """What the messages of robots do."""

    register: RegisterRobot
    connect: ConnectRobot
    heartbeat: RecordHeartbeat
    accept: AcceptJob
    progress: ReportProgress
    complete: CompleteJob
    fail: FailJob
    release: ReleaseJob
    stop: ConfirmStop
    add_logs: AddJobLogs
    withdraw: WithdrawJob
    take: TakeJobs
    robot: GetRobot


@dataclass(frozen=True, slots=True)
class SocketRules:
    """Times and limits of a connection."""

    accept_seconds: int
    heartbeat_seconds: int
    silent_seconds: float
    messages_per_minute: int
    max_bytes: int
    send_seconds: float

    @classmethod
    def of(cls, settings: DispatcherSettings) -> "SocketRules":
        """Those of `settings`."""
        return cls(
            accept_seconds=settings.robot_accept_seconds,
            heartbeat_seconds=settings.robot_heartbeat_seconds,
            silent_seconds=settings.robot_silent_seconds,
            messages_per_minute=settings.robot_messages_per_minute,
            send_seconds=settings.robot_read_seconds,
            max_bytes=settings.robot_message_max_bytes,
        )


@dataclass(frozen=True, slots=True)
class SocketParts:
    """Everything a connection is made of but its socket."""

    use: SocketUseCases
    rules: SocketRules
    index: CandidateIndex
    measures: Measures
    new_id: NewId
    now_ms: Callable[[], int]
