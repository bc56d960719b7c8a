"""The dispatcher's own errors."""

from shared.kernel.errors import Conflict, Forbidden, NotFound


class JobNotFound(NotFound):
    """No such job in the caller's tenant."""

    code = "JOB_NOT_FOUND"


class RobotNotFound(NotFound):
    """No such robot in the caller's tenant."""

    code = "ROBOT_NOT_FOUND"


class ForeignRobot(Forbidden):
    """The API key is bound to another robot."""

    code = "FOREIGN_ROBOT"


class LostRace(Conflict):
    """The document kept changing under this request; asking again will do."""

    code = "CONCURRENT_CHANGE"
