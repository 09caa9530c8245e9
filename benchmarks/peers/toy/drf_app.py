"""Django REST framework: a serializer, an APIView and the ORM in one atomic block."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

import django
import jwt
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import models, transaction
from django.urls import path
from psycopg.conninfo import conninfo_to_dict

SECRET = os.environ["PEER_SECRET"]
_url = conninfo_to_dict(os.environ["PEER_DATABASE_URL"])
settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=SECRET,
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": _url["dbname"],
            "USER": _url["user"],
            "HOST": _url["host"],
            "CONN_MAX_AGE": 600,
        }
    },
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()

from rest_framework import serializers  # noqa: E402 -- the settings have to be there
from rest_framework.authentication import BaseAuthentication  # noqa: E402 -- as above
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402 -- as above
from rest_framework.response import Response  # noqa: E402 -- as above
from rest_framework.views import APIView  # noqa: E402 -- as above


class Patient(models.Model):
    """Somebody who answers."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField()
    is_authenticated = True

    class Meta:
        """As in `schema.sql`."""

        app_label, managed, db_table = "toy", False, "patients"


class PatientState(models.Model):
    """Where they stand."""

    patient = models.OneToOneField(Patient, models.CASCADE, primary_key=True)
    forms = models.IntegerField(default=0)
    last_total = models.SmallIntegerField(null=True)
    last_at = models.DateTimeField(null=True)

    class Meta:
        """As in `schema.sql`."""

        app_label, managed, db_table = "toy", False, "patient_state"


class CheckIn(models.Model):
    """What they answered."""

    pk = models.CompositePrimaryKey("patient_id", "id")
    patient = models.ForeignKey(Patient, models.CASCADE)
    id = models.UUIDField()
    instrument = models.TextField()
    recorded_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    answers = models.JSONField()
    total = models.SmallIntegerField()
    item9 = models.SmallIntegerField()

    class Meta:
        """As in `schema.sql`."""

        app_label, managed, db_table = "toy", False, "check_ins"


class Alert(models.Model):
    """When it looks bad."""

    id = models.BigAutoField(primary_key=True)
    patient = models.ForeignKey(Patient, models.CASCADE)
    check_in_id = models.UUIDField()
    reason = models.TextField()
    raised_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """As in `schema.sql`."""

        app_label, managed, db_table = "toy", False, "alerts"


class TokenAuthentication(BaseAuthentication):
    """Whose token this is."""

    def authenticate(self, request: Any) -> tuple[Patient, None] | None:
        """The patient, with one query."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        try:
            patient_id = UUID(jwt.decode(token, SECRET, ["HS256"])["sub"])
            return Patient.objects.get(id=patient_id), None
        except (jwt.PyJWTError, Patient.DoesNotExist) as error:
            raise AuthenticationFailed from error


class CheckInSerializer(serializers.Serializer):
    """What a phone sends."""

    id = serializers.UUIDField()
    instrument = serializers.CharField()
    answers = serializers.DictField(child=serializers.IntegerField(min_value=0, max_value=3))
    recorded_at = serializers.DateTimeField()
    timezone = serializers.CharField()


class CheckInView(APIView):
    """The one route."""

    authentication_classes = (TokenAuthentication,)

    def post(self, request: Any) -> Response:
        """Store it once."""
        form = CheckInSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        given = form.validated_data
        total, item9 = sum(given["answers"].values()), given["answers"].get("q9", 0)
        reason = None
        with transaction.atomic():
            state = PatientState.objects.select_for_update().get(patient_id=request.user.id)
            _, created = CheckIn.objects.get_or_create(
                patient=request.user,
                id=given["id"],
                defaults={
                    "instrument": given["instrument"],
                    "recorded_at": given["recorded_at"],
                    "answers": given["answers"],
                    "total": total,
                    "item9": item9,
                },
            )
            if created:
                if item9 > 0 or total - (state.last_total or total) >= 5:
                    reason = "item9" if item9 > 0 else "worse"
                    Alert.objects.create(
                        patient=request.user, check_in_id=given["id"], reason=reason
                    )
                state.forms += 1
                state.last_total, state.last_at = total, given["recorded_at"]
                state.save()
        return Response({"id": given["id"], "total": total, "alert": reason}, status=201)


urlpatterns = [path("v1/check-ins", CheckInView.as_view())]
app = get_wsgi_application()
