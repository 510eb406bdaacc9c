"""`visavis audit recording`: the server's side has no way to record a call.

    two people -- wiretap -- coturn          server (a process of its own)
    a member --- Janus --- a member            |         |
                   |                         coturn    Janus
                somebody without keys

A tone and a picture, new ones each time, are sent through a real relay and a real SFU. Then every
place that the server's side has is searched for them: what the relay and the SFU passed on
(`scene`), the memory of server, relay and SFU (`memory`), their files (`files`). Two questions:

1. Do 32 bytes in a row of any encoded frame stand there (`search`)?
2. Does what was passed on decode to the tone, or to the picture (`recognised`)?

The control asks the same of calls without encryption (`unsealed`): there both must be found, or
the audit itself fails. Members, people and their keys live in this process, which is not searched.
"""
