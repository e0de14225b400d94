"""Films a recording: a real MP4 of H.264 and AAC, with its sidecars, as a camera leaves them.

One keyframe a second, no B frames, constant rate; a silent pre-event buffer; either a
progressive file whose index comes first, or, for the makes that stream, a file in fragments.
One thread and no clock of its own: the same recording gives the same bytes with the same
libraries. `film` may run in a process of its own; its arguments can be pickled.
"""

import json
import os
from pathlib import Path
from typing import TypeAlias

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from bodyworn.core.clock import iso
from bodyworn.core.manifest import manifest_to_dict
from bodyworn.core.tasks import Progress, silent
from bodyworn.devices.gpstrail import trail_as_bytes
from bodyworn.devices.simulate import voice
from bodyworn.devices.simulate.nouns import Recording
from bodyworn.devices.simulate.play import play_of
from bodyworn.devices.simulate.scene import Scene
from bodyworn.devices.simulate.walk import places_of

Sounds: TypeAlias = "av.Packet[AudioStream]"
_AAC_FRAME = 1024  # samples
# `delay_moov` waits for the first packets, so that no track is shifted by the coder's delay.
_FRAGMENTED = {"movflags": "frag_keyframe+delay_moov+default_base_moof"}
_PROGRESSIVE = {"movflags": "faststart"}


def film(recording: Recording, folder: Path, *, progress: Progress = silent) -> Path:
    """Film it into `folder`; returns the clip's path. Progress counts frames.

    Writes `<stem>.mp4`, `<stem>.json` (manifest) and `<stem>_<serial>_gpstrail.json`; the
    manifest comes last, so a clip that has one is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clip = folder / f"{recording.stem}.mp4"
    unfinished = clip.with_suffix(".part")
    _write_clip(recording, unfinished, progress)
    os.replace(unfinished, clip)
    trail = trail_as_bytes(places_of(recording), started_at=recording.started_at)
    (folder / f"{recording.stem}_{recording.device.serial}_gpstrail.json").write_bytes(trail)
    manifest = manifest_to_dict(recording.as_manifest())
    (folder / f"{recording.stem}.json").write_text(json.dumps(manifest, indent=1))
    return clip


def _write_clip(recording: Recording, path: Path, progress: Progress) -> None:
    options = _FRAGMENTED if recording.is_fragmented else _PROGRESSIVE
    with av.open(str(path), "w", format="mp4", options=options) as container:
        container.metadata.update(_metadata(recording))
        video, audio = _video_stream(container, recording), _audio_stream(container)
        scene, sound = Scene(recording), _Sound(recording, audio)
        colours = VideoReformatter()
        for number in range(recording.frames):
            container.mux(video.encode(_picture(scene, number, colours)))
            container.mux(sound.until((number + 1) / recording.rate))
            progress(number + 1, recording.frames, f"filming {recording.title}")
        container.mux(video.encode(None))
        container.mux(sound.rest())


def _metadata(recording: Recording) -> dict[str, str]:
    return {
        "creation_time": iso(recording.started_at),
        "title": "SYNTHETIC FOOTAGE",
        "comment": f"{recording.device.make} {recording.device.model} {recording.device.serial}",
    }


def _video_stream(container: OutputContainer, recording: Recording) -> VideoStream:
    stream = container.add_stream("libx264", rate=recording.rate)
    stream.width, stream.height, stream.pix_fmt = recording.width, recording.height, "yuv420p"
    stream.codec_context.thread_count = 1
    stream.options = {
        "preset": "superfast",
        "crf": "25",
        "g": str(recording.rate),
        "keyint_min": str(recording.rate),
        "sc_threshold": "0",
        "bf": "0",
    }
    return stream


def _audio_stream(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=voice.RATE, layout="mono")
    stream.bit_rate = 40_000
    return stream


def _picture(scene: Scene, number: int, colours: VideoReformatter) -> VideoFrame:
    frame = VideoFrame.from_ndarray(scene.frame(number), format="rgb24")
    frame = colours.reformat(frame, format="yuv420p", threads=1)
    frame.pts = number
    # x264 obeys a frame's own type; left from elsewhere it makes every frame a keyframe.
    frame.pict_type = PictureType.NONE
    return frame


class _Sound:
    """Feeds the sound track in step with the pictures."""

    def __init__(self, recording: Recording, stream: AudioStream) -> None:
        self._samples = voice.sound_of(recording, play_of(recording))
        self._stream = stream
        # The coder puts 1,024 samples before the first. They take the place of the buffer's
        # first silence, so the track begins at zero and no player has to skip anything.
        self._done = _AAC_FRAME

    def until(self, second: float) -> list[Sounds]:
        """Packets of the sound up to a moment."""
        packets: list[Sounds] = []
        while (self._done + _AAC_FRAME) / voice.RATE <= second:
            packets += self._encode(self._samples[self._done : self._done + _AAC_FRAME])
        return packets

    def rest(self) -> list[Sounds]:
        """What is left."""
        packets = self._encode(self._samples[self._done :])
        return packets + self._stream.encode(None)

    def _encode(self, samples: voice.Floats) -> list[Sounds]:
        if samples.size == 0:
            return []
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), "fltp", "mono")
        frame.sample_rate, frame.pts = voice.RATE, self._done
        self._done += samples.size
        return self._stream.encode(frame)
