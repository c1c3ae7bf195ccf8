# Gives an Auto Scaling group that exists a terminate hook which Sluice drains for. No topic and no role are needed: the
# stack's rule takes the event by the hook's name.
terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "autoscaling_group_name" {
  type        = string
  description = "The group whose instances are to be drained before they go"
}

variable "cluster" {
  type        = string
  description = "Its ECS cluster, by name"
}

variable "drain_timeout_seconds" {
  type        = number
  description = "How long a drain may take before the instance goes anyway"
  default     = 3600
}

resource "aws_autoscaling_lifecycle_hook" "drain" {
  # The beginning of the name is what makes it Sluice's.
  name                   = "sluice-drain"
  autoscaling_group_name = var.autoscaling_group_name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_TERMINATING"
  # Heartbeats keep the action alive for up to 48 h or 100 times this; without them it lapses this soon.
  heartbeat_timeout = 300
  # What becomes of the instance when nobody answers. ABANDON would skip the hooks of other tools.
  default_result = "CONTINUE"
  # Optional: cluster, targetGroups, standaloneTasks, onTimeout, timeoutSeconds.
  notification_metadata = jsonencode({
    "cluster" : var.cluster,
    "timeoutSeconds" : var.drain_timeout_seconds
  })
}

# For warm pools, and for instances whose root volume is replaced: they come back with DRAINING otherwise.
resource "aws_autoscaling_lifecycle_hook" "return" {
  name                   = "sluice-return"
  autoscaling_group_name = var.autoscaling_group_name
  lifecycle_transition   = "autoscaling:EC2_INSTANCE_LAUNCHING"
  heartbeat_timeout      = 300
  default_result         = "CONTINUE"
  notification_metadata  = jsonencode({ "cluster" : var.cluster })
}
