"""A second Matrix client with encryption of its own, for the tests: told what to do, and telling what it sees, in lines of JSON.

    second_client.py SERVER USER PASSWORD FOLDER

Told {"make": USER}, it makes an encrypted room with somebody and says {"made": ROOM}; told {"say": [ROOM, USER, TEXT]}, it
writes once that somebody is in the room and their devices are known. Of each message it says who wrote what, and whether it
was encrypted.
"""

import asyncio
import base64
import json
import sys

from nio import (
    AsyncClient,
    AsyncClientConfig,
    MegolmEvent,
    RoomEncryptedMedia,
    RoomMessage,
    RoomMessageFormatted,
)
from nio.crypto.attachments import decrypt_attachment

ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}


def tell(**what):
    print(json.dumps(what), flush=True)


async def make(client, user):
    made = await client.room_create(invite=[user], initial_state=[ENCRYPTION])
    tell(made=made.room_id)


async def say(client, room, user, text):
    while room not in client.rooms or user not in client.rooms[room].users or client.rooms[room].invited_users:
        await client.synced.wait()
        client.synced.clear()
    await client.joined_members(room)
    if client.should_query_keys:
        await client.keys_query()
    content = {"msgtype": "m.text", "body": text}
    sent = await client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
    tell(said=sent.event_id)


async def obey(client):
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        order = json.loads(line)
        if "make" in order:
            await make(client, order["make"])
        else:
            await say(client, *order["say"])


async def main(server, user, password, folder):
    config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
    client = AsyncClient(server, user, store_path=folder, config=config)
    await client.login(password, device_name="nio")

    async def heard(room, event):
        if event.sender == client.user_id:
            return
        told = {"room": room.room_id, "sender": event.sender, "encrypted": event.decrypted}
        if isinstance(event, RoomMessageFormatted):
            tell(**told, body=event.body, html=event.formatted_body)
        elif isinstance(event, RoomEncryptedMedia):
            answer = await client.download(mxc=event.url)
            content = decrypt_attachment(answer.body, event.key["k"], event.hashes["sha256"], event.iv)
            tell(**told, body=event.body, file=base64.b64encode(content).decode())
        else:
            tell(**told, body=event.body)

    async def sealed(room, event):
        tell(room=room.room_id, sender=event.sender, sealed=event.session_id)

    client.add_event_callback(heard, RoomMessage)
    client.add_event_callback(sealed, MegolmEvent)
    tell(online=client.user_id)
    await asyncio.gather(client.sync_forever(timeout=10_000, full_state=True), obey(client))


asyncio.run(main(*sys.argv[1:]))
