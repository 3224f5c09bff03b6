import struct

from contact.email.tnef import unpack

RENDERING, ATTACHMENT = 0x9002, 0x9005
LONG_NAME, STRING, NO_KIND = 0x3707, 0x1E, 0x77


def winmail(*objects):
    packed = (struct.pack("<BHHI", 2, name, 6, len(data)) + data + b"\0\0" for name, data in objects)
    return b"\x78\x9f\x3e\x22\0\0" + b"".join(packed)


class TestDamaged:
    """E-II.1a: a damaged winmail.dat gives what can be read of it."""

    def test_names_before_a_property_that_makes_no_sense_stay_read(self):
        name = b"parskats.pdf\0\0\0\0"
        properties = struct.pack("<IHHII", 2, STRING, LONG_NAME, 1, 13) + name + struct.pack("<HH", NO_KIND, 0x3001)
        (file,) = unpack(winmail((RENDERING, b""), (ATTACHMENT, properties))).files
        assert file.name == "parskats.pdf"
