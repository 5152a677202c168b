"""Version numbers by the names people know."""

import pytest

from rocketmq_operator.protocol.codes import CURRENT_VERSION, version_name


@pytest.mark.parametrize(
    ("ordinal", "name"),
    [
        (0, "V3_0_0_SNAPSHOT"),
        (15, "V3_0_0_FINAL"),
        (37, "V3_0_11"),
        (62, "V3_1_8_SNAPSHOT"),
        (86, "V3_3_1_SNAPSHOT"),
        (211, "V3_9_9"),
        (213, "V4_0_0"),
        (401, "V4_9_4"),
        (413, "V5_0_0"),
        (CURRENT_VERSION, "V5_3_3"),
        (611, "V5_9_9"),
        (612, "HIGHER_VERSION"),
        (32767, "HIGHER_VERSION"),
        (-1, "UNKNOWN(-1)"),
    ],
)
def test_version_names_are_javas(ordinal, name):
    assert version_name(ordinal) == name
