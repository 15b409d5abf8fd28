"""What can go wrong on a device. Every fault is a CountersignError with a stable code of the project's one
catalogue (core/errors/catalogue.def); str() of it is a sentence that a person with the board in hand can act
on.

The kinds (errors.BrokerRefused…) are made when they are first named, and the words stay on flash until
somebody wants to read them: most boards never meet most of them, and RAM is what a board has least of.
"""


class CountersignError(Exception):
    """code       E-…
    detail     what was seen
    permanent  waiting alone will not cure it: somebody has to change a clock, a certificate, a configuration
    own        this board's identity is at fault, so that another one of its own may do"""

    code = "E-INTERNAL"
    permanent = False
    own = False

    def __init__(self, detail=""):
        self.detail = detail
        super().__init__(detail)

    def __str__(self):
        from .faults import sentence
        return sentence(self.code, self.detail)

    __repr__ = __str__  # so a traceback reads the same as a log line


def __getattr__(name):
    from .faults import KINDS
    if name not in KINDS:
        raise AttributeError(name)
    code, permanent, own = KINDS[name]
    kind = type(name, (CountersignError,), {"code": code, "permanent": permanent, "own": own})
    globals()[name] = kind
    return kind
