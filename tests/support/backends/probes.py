"""Whether a backend really answers: a log-in and an answer, not just an open port."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import aio_pika
import pymongo
import pymongo.errors
import redis
from aio_pika.exceptions import AMQPError

from tests.support.backends.ladder import NoAnswer

PATIENCE_SECONDS: Final = 3.0


def check_amqp(url: str) -> None:
    """Raises NoAnswer unless a RabbitMQ lets the URL's user into its vhost."""
    # In a thread of its own, where no other event loop runs.
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, _log_in(url)).result()


async def _log_in(url: str) -> None:
    try:
        connection = await aio_pika.connect(url, timeout=PATIENCE_SECONDS)
    except (AMQPError, OSError) as error:
        raise NoAnswer(f"no RabbitMQ lets us in: {error!r}") from error
    await connection.close()


def check_redis(url: str) -> None:
    """Raises NoAnswer unless a Redis answers PING."""
    try:
        with redis.Redis.from_url(
            url, socket_timeout=PATIENCE_SECONDS, socket_connect_timeout=PATIENCE_SECONDS
        ) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise NoAnswer(f"no Redis answers: {error}") from error


def check_mongodb(url: str) -> None:
    """Raises NoAnswer unless a server that speaks MongoDB's protocol answers `ping`."""
    with mongo_client(url) as client:
        try:
            client.admin.command("ping")
        except pymongo.errors.PyMongoError as error:
            raise NoAnswer(f"no MongoDB answers: {error}") from error


def mongo_client(url: str) -> pymongo.MongoClient[dict[str, object]]:
    """A client that gives up after a few seconds."""
    return pymongo.MongoClient(
        url,
        serverSelectionTimeoutMS=int(PATIENCE_SECONDS * 1000),
        connectTimeoutMS=int(PATIENCE_SECONDS * 1000),
    )
