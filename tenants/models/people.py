import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    """Finds people by e-mail address, whatever its case."""

    def create_user(self, *, email: str, password: str, name: str) -> "User":
        """Create a person who can sign in."""
        user = self.model(email=email.strip(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a person by e-mail address; raises User.DoesNotExist."""
        return self.get(email__iexact=(username or "").strip())


class User(AbstractBaseUser):
    """A person who signs in. Global: one person may work in several clinics."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(_("e-mail address"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=200)
    is_active = models.BooleanField(default=True)
    viewer_notice_read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.email


class Role(models.TextChoices):
    """What a member is in a clinic; what each may do stands in `tenants/permissions.py`."""

    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    RADIOLOGIST = "radiologist", _("Radiologist")
    REFERRING_PHYSICIAN = "referring-physician", _("Referring physician")
    TECHNICIAN = "technician", _("Technician")
    RECEPTION = "reception", _("Reception")
    RESEARCHER = "researcher", _("Researcher")
    BILLING = "billing", _("Billing")
    AUDITOR = "auditor", _("Auditor")
    IT = "it", _("IT")


class Membership(models.Model):
    """A person in a clinic. Global by design: it is what tells which clinic one may enter."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.tenant_id}"

    def holds_at(self, now: datetime) -> bool:
        """Return whether the membership has not ended."""
        return self.ends_at is None or now < self.ends_at


class MembershipRole(models.Model):
    """One of the roles of a member."""

    membership = models.ForeignKey(Membership, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=20, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "role"], name="membership_role_once"),
            models.CheckConstraint(name="membership_role_known", condition=Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return self.role
