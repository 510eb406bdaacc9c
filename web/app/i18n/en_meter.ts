/** English, the part about what others could see of a call. */

export const enMeter = {
  "meter.title": "What others could see of this call",
  "meter.lead":
    "Counted on this device. Nothing of this list is kept: it goes when you leave this screen.",
  "meter.server": "Your server",
  "meter.relay": "The relay",
  "meter.network": "The network",
  "meter.measured": "Measured",
  "meter.known": "Known",
  "meter.lives.delivery": "Gone once delivered, after {seconds} s at most",
  "meter.lives.pick_up": "Kept until picked up, {days} days at most",
  "meter.lives.credential": "Forgotten after {minutes} minutes",
  "meter.lives.connection": "As long as the connection, in memory",
  "meter.lives.device": "As long as this device is yours",
  "meter.lives.call": "As long as the call; nothing is stored",
  "meter.lives.theirs": "As long as they keep it",
  "meter.lives.never": "Not seen",
  "meter.sent_live": "Sealed envelopes sent, by nobody it knows: {envelopes} × {size}",
  "meter.sent_durable": "Sealed envelopes left for later: {envelopes} × {size}",
  "meter.received_live": "Sealed envelopes for this device: {envelopes} × {size}",
  "meter.received_durable": "Sealed envelopes that waited for this device: {envelopes} × {size}",
  "meter.relay_asked": "Requests for the relay, without a name: {times}",
  "meter.device_connected": "That this device was connected, and from which network address",
  "meter.day_seen": "The day on which this device was last there",
  "meter.times_and_addresses":
    "Times and addresses as they pass. A server that was changed to watch could match two callers by them.",
  "meter.not_who": "Not with whom you talked, who called, or anything that was said",
  "meter.relayed": "At least {sent} up and {received} down in {seconds}, all of it encrypted",
  "meter.relay_addresses": "The network addresses of both ends, under a random name",
  "meter.no_relay": "Nothing: no sound or picture went through it",
  "meter.you_called": "That you called",
  "meter.you_answered": "That you answered",
  "meter.account_and_device": "Your account, and which of your devices it was",
  "meter.voice": "Your voice, for {seconds}",
  "meter.video": "Your voice and picture, for {seconds}",
  "meter.address": "Your network address: you allowed each other the direct path",
  "meter.no_address": "Not your network address",
  "meter.tls_to_server":
    "An encrypted connection to your server: at least {sent} up, {received} down",
  "meter.media_to_relay":
    "Encrypted packets to the relay: at least {sent} up, {received} down in {seconds}",
  "meter.media_direct":
    "Encrypted packets to the other side: at least {sent} up, {received} down in {seconds}",
  "meter.sound_one_size": "Packets of sound: {packets}, all of one size, whether you spoke or not",
  "meter.sound_sizes": "Packets of sound: {packets}, in {sizes} sizes",
} as const;
