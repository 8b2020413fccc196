"""Words that C has taken, and texts as its strings."""

from __future__ import annotations

__all__ = ["RESERVED", "string_literal"]

_KEYWORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl complex
const constexpr continue default delete do double else enum explicit export extern false far float
for friend goto if imaginary inline int interrupt linux long mutable namespace near new noreturn not
not_eq nullptr operator or or_eq private protected public register restrict return short signed
sizeof static static_assert struct switch template this thread_local throw true try typedef typeid
typename typeof typeof_unqual union unix unsigned using virtual void volatile wchar_t while xor
xor_eq main I NULL size_t
"""

_MATHEMATICS = """
acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh drem erf erfc exp exp10 exp2
expm1 fabs fdim finite floor fma fmax fmin fmod frexp gamma hypot ilogb isinf isnan j0 j1 jn ldexp
lgamma llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter nexttoward
pow pow10 remainder remquo rint round scalb scalbln scalbn significand sin sincos sinh sqrt tan tanh
tgamma trunc y0 y1 yn
"""

_MACROS = """
DOMAIN FP_FAST_FMA FP_FAST_FMAF FP_FAST_FMAL FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL
FP_SUBNORMAL FP_ZERO HUGE HUGE_VAL HUGE_VALF HUGE_VALL INFINITY MATH_ERREXCEPT MATH_ERRNO MAXFLOAT
M_1_PI M_2_PI M_2_SQRTPI M_E M_LN10 M_LN2 M_LOG10E M_LOG2E M_PI M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2 NAN
OVERFLOW PLOSS SING TLOSS UNDERFLOW X_TLOSS abs div double_t exception float_t fpclassify isfinite
isgreater isgreaterequal isless islessequal islessgreater isnormal isunordered labs llabs matherr
math_errhandling signbit signgam
"""

RESERVED = frozenset(
    (
        *_KEYWORDS.split(),
        *_MACROS.split(),
        *(name + suffix for name in _MATHEMATICS.split() for suffix in ("", "f", "l")),
    )
)
"""Words of C and C++, and what math.h defines, the extensions of POSIX and GNU included."""


def string_literal(text: str) -> str:
    """A text as a string of C, in UTF-8; what is not plain ASCII as octal numbers."""
    out = []
    for byte in text.encode():
        char = chr(byte)
        plain = 32 <= byte < 127 and char not in '"\\?'
        out.append(char if plain else f"\\{byte:03o}")
    return f'"{"".join(out)}"'
