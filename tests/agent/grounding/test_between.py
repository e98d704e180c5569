"""Freely worded truths of two lesions, of names, of time: each passes, and the same turned round is refused."""

from __future__ import annotations

import pytest

from agent.grounding.names import named_after, series

PAIRED = [
    # a name of a quantity, and another one of it
    ("In 3D the maximum diameter of lesion 1 is 16.1 mm [E3].", "In 3D the smallest diameter of lesion 1 is 16.1 mm [E3]."),
    ("Lesion 1 is 15 mm tall [E3].", "Lesion 1 is 16 mm tall [E3]."),
    ("From top to bottom, lesion 1 extends over 15 mm [E3].", "From top to bottom, lesion 1 extends over 13.4 mm [E3]."),
    ("HU values in lesion 1 range from -17 to 77 [E3].", "HU values in lesion 1 range from -17 to 57 [E3]."),
    ("The lowest HU value in lesion 1 is -17 [E3].", "The highest HU value in lesion 1 is -17 [E3]."),
    ("The product of the two axes of lesion 1 is 193 mm² [E3].", "The product of the two axes of lesion 1 is 684 mm² [E3]."),
    ("By the ellipsoid formula, lesion 1 has a volume of 1515 mm³ [E3].", "By the ellipsoid formula, lesion 1 has a volume of 1411 mm³ [E3]."),
    ("病灶1最大三维直径为16.1 mm [E3]。", "病灶1最大三维直径为14.4 mm [E3]。"),
    ("病灶1的CT值介于-17 HU与77 HU之间 [E3]。", "病灶1的CT值介于-17 HU与72 HU之间 [E3]。"),
    # one lesion held against another
    ("Lesion 1 is larger than lesion 2 [E3, E11].", "Lesion 2 is larger than lesion 1 [E3, E11]."),
    ("Lesion 2 has less volume than lesion 1 [E3, E11].", "Lesion 2 has more volume than lesion 1 [E3, E11]."),
    ("Lesion 2 is smaller than lesion 1, with a long axis of 7.1 mm versus 14.4 mm [E3, E11].",
     "Lesion 2 is smaller than lesion 1, with a long axis of 14.4 mm versus 7.1 mm [E3, E11]."),
    ("Lesion 1 is larger than lesion 2 [E3, E11].", "Lesion 1 is not larger than lesion 2 [E3, E11]."),
    ("The sphericity of lesion 2 exceeds that of lesion 1 [E3, E11].", "The sphericity of lesion 1 exceeds that of lesion 2 [E3, E11]."),
    ("The long axis of lesion 1 is about twice that of lesion 2 [E3, E11].", "The long axis of lesion 1 is about half that of lesion 2 [E3, E11]."),
    ("Lesion 1 is 7.3 mm longer than lesion 2 [E3, E11].", "Lesion 1 is 7.3 mm shorter than lesion 2 [E3, E11]."),
    ("Lesion 1 is 7.3 mm longer than lesion 2 [E3, E11].", "Lesion 1 is 6.3 mm longer than lesion 2 [E3, E11]."),
    ("Of the two lesions, lesion 2 has the smallest volume [E3, E11].", "Of the two lesions, lesion 1 has the smallest volume [E3, E11]."),
    ("From the largest to the smallest by volume: lesions 1 and 2 [E3, E11].", "From the largest to the smallest by volume: lesions 2 and 1 [E3, E11]."),
    ("病灶1的体积大于病灶2 [E3, E11]。", "病灶1的体积小于病灶2 [E3, E11]。"),
    ("病灶2的平均密度稍高于病灶1 [E3, E11]。", "病灶1的平均密度稍高于病灶2 [E3, E11]。"),
    ("病灶1长径比病灶2长7.3 mm [E3, E11]。", "病灶1长径比病灶2短7.3 mm [E3, E11]。"),
    ("体积最小的是病灶2 [E3, E11]。", "体积最小的是病灶1 [E3, E11]。"),
    ("病灶1的长径约为病灶2的两倍 [E3, E11]。", "病灶1的长径约为病灶2的一半 [E3, E11]。"),
    ("两个病灶的长径相差7.3 mm [E3, E11]。", "两个病灶的长径相差7.1 mm [E3, E11]。"),
    ("病灶1与病灶2的体积不同 [E3, E11]。", "病灶1与病灶2的体积相同 [E3, E11]。"),
    # a number or a side beside another lesion's
    ("The 3D diameter of lesion 1 is 16.1 mm, compared with 7.8 mm in lesion 2 [E3, E11].",
     "The 3D diameter of lesion 1 is 7.8 mm, compared with 16.1 mm in lesion 2 [E3, E11]."),
    ("Lesion 1 lies in the right lung and lesion 2 in the left lung [E2, E4].", "Lesion 1 lies in the left lung and lesion 2 in the right lung [E2, E4]."),
    ("One lesion is on the right, one on the left: lesions 1 and 2 [E2, E4].", "Two on the right: lesions 1 and 2 [E2, E4]."),
    ("Lesion 1 lies above lesion 2 [E2, E4].", "Lesion 1 lies below lesion 2 [E2, E4]."),
    ("病灶1在右肺,病灶2在左肺 [E2, E4]。", "病灶1在左肺,病灶2在右肺 [E2, E4]。"),
    ("两个病灶中,只有病灶2在左肺 [E2, E4]。", "两个病灶中,只有病灶1在左肺 [E2, E4]。"),
    # what is held, denied
    ("Lesion 1 has a short axis of 13.4 mm [E3].", "Lesion 1 has not a short axis of 13.4 mm [E3]."),
    ("A volume of 1411 mm³ was measured for lesion 1 [E3].", "A volume of 1411 mm³ was not measured for lesion 1 [E3]."),
    ("The sphericity of lesion 1 is 0.87 [E3].", "The sphericity of lesion 1 is not 0.87 [E3]."),
    # this scan and another one
    ("The volume of lesion 1 is 1411 mm³ [E3].", "Lesion 1 has a volume of 1411 mm³ on the prior scan [E3]."),
]  # fmt: skip


@pytest.mark.parametrize(("true", "altered"), PAIRED, ids=[altered for _, altered in PAIRED])
def test_a_true_sentence_passes_and_the_same_turned_round_does_not(case, true: str, altered: str) -> None:
    assert case.problems(true) == []
    assert case.problems(altered)


def test_no_decimals_are_added_to_what_is_shown_whole(case) -> None:
    assert case.problems("The mean attenuation of lesion 1 is 31 HU [E3].") == []
    assert case.problems("The mean attenuation of lesion 1 is 31.1 HU [E3].")


def test_a_comparison_needs_the_quantity_of_both(case) -> None:
    assert case.problems("The mean attenuation of lesion 1 is lower than that of lesion 2 [E3, E4].")


def test_names_are_read_behind_a_number_and_as_ends_of_a_range() -> None:
    assert named_after("It is 15 mm tall", 6, 11) == " craniocaudal "
    assert series("attenuation in lesion 1 ranges from ", "hu")[0] == (("hu_min", "intensity_min"), ("hu_max", "intensity_max"))
