//! What is wrong with Holdfast's own application at Microsoft. A closed list: it concerns every tenant alike, so it is the
//! operator's to mend, and no customer is told of it as if it were theirs.

/// What Microsoft's login finds wrong with our own credential, registration or request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OwnFault {
    /// The secret store holds no credential, or something that is none.
    NoCredential,
    /// The client secret is not one of the application's.
    SecretWrong,
    /// The client secret has ended.
    SecretExpired,
    /// The certificate is not one of the application's, has ended, or did not sign.
    Certificate,
    /// The application's registration, or what we ask for, is not as the login wants it.
    Request,
    /// The login does not accept the application, and its code is not in our table.
    Unnamed,
}

impl OwnFault {
    /// Every fault, in the order in which they are declared.
    pub const ALL: [Self; 6] = [
        Self::NoCredential,
        Self::SecretWrong,
        Self::SecretExpired,
        Self::Certificate,
        Self::Request,
        Self::Unnamed,
    ];

    /// Its name in logs, stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoCredential => "no-credential",
            Self::SecretWrong => "secret-wrong",
            Self::SecretExpired => "secret-expired",
            Self::Certificate => "certificate",
            Self::Request => "request",
            Self::Unnamed => "unnamed",
        }
    }

    /// What is the matter and what the operator can do, in one sentence without its full stop.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoCredential => {
                "the secret store holds no credential that can be used: store one as FORMAT.md section 7 has it"
            }
            Self::SecretWrong => {
                "the client secret is not one of the app registration's: store its value, not its id, or a new one"
            }
            Self::SecretExpired => "the client secret has ended: make a new one and store it",
            Self::Certificate => {
                "the certificate is not one of the app registration's, or has ended: upload it there, or store the one \
                 that is there"
            }
            Self::Request => {
                "the login does not take what is asked of it: check that the app registration is for accounts in any \
                 organisation, and which cloud the installation names"
            }
            Self::Unnamed => "the login does not accept the application: look its code up at Microsoft",
        }
    }
}
